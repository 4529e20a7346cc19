"""Models, their inputs, their reasons: a library in plain Python. It knows nothing of web, queue or database.

    schema       FeatureSchema: names, kinds, units, ranges; validates records and words values
    artifact     a model as an audited folder: manifest, digests, approved types; never a pickle
    predictor    load_predictor(folder).predict(records) -> calibrated predictions
    explain      explainer_for(predictor).explain(records) -> contributions that add up to the model's margin
    training     train(table, ...) -> an artifact with lineage and honest metrics
    calibration  isotonic or Platt on held-out cases, as plain data
    evaluation   how well people and models decide together: agreement, reliance, intervals
    reasons, waterfall, confidence   an explanation in words, as a drawing, and how sure in counted cases

`schema`, `reasons`, `waterfall` and `confidence` need the standard library alone, so that web processes stay small.

To register a model of your own, fit it on plain numbers and write it down (scikit-learn, XGBoost or LightGBM):

    from inference.artifact import write_artifact
    from inference.explain import explainer_for
    from inference.predictor import load_predictor
    from inference.schema import FeatureSchema

    schema = FeatureSchema.from_json({"features": [
        {"name": "ratio", "kind": "number", "label": "Debt-to-income", "unit": "%", "missing_allowed": True}]})
    model = HistGradientBoostingClassifier().fit(frame[["ratio"]].to_numpy(), frame["decision"])
    outcomes = [{"value": "approve", "label": "Approve"}, {"value": "deny", "label": "Deny", "adverse": True}]
    write_artifact(folder, model, schema, outcomes)
    predictor = load_predictor(folder)
    predictor.predict([{"ratio": 36.5}])
    explainer_for(predictor).explain([{"ratio": 36.5}])

The columns the model sees are the schema's features but for protected ones, in order: numbers as they are, yes and no as
1 and 0, categories by position in their list, not recorded as NaN. Pass an `Encoding` to `write_artifact` for any other
layout, and a `Calibration` from `fit_calibration` to make its probabilities mean what they say. `training.train` does all
of this from a table.
"""
