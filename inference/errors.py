"""What can go wrong in `inference`. No HTTP codes: the doors of an application translate."""


class InferenceError(Exception):
    """The root: catching it catches every failure this package raises on purpose."""


class SchemaError(InferenceError):
    """A feature schema is not well formed. The message names the feature and the field."""


class ArtifactError(InferenceError):
    """A model folder cannot be used as it stands."""


class ManifestInvalid(ArtifactError):
    """The manifest is missing, is no JSON, or lacks a field."""


class ArtifactTampered(ArtifactError):
    """A file differs from the digest in the manifest, is missing, or was added."""


class ForeignType(ArtifactError):
    """The model file asks for a Python type that is not on the approved list."""


class UnknownRuntime(ArtifactError):
    """No runtime of that name exists here."""


class RuntimeUnavailable(ArtifactError):
    """The library a model needs is not installed."""


class PredictionFailed(InferenceError):
    """A model was given rows it cannot score, or gave back what is no probability."""


class ExplanationFailed(InferenceError):
    """No explanation can be made by the method asked for."""


class CalibrationFailed(InferenceError):
    """There are too few cases, or too few kinds of outcome, to calibrate on."""


class TrainingFailed(InferenceError):
    """The table does not fit the schema, or is too small to split."""


class EvaluationFailed(InferenceError):
    """Counts or readings contradict each other: more hits than cases, a level the schema does not have."""
