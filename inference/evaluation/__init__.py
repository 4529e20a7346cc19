"""How well people and models decide together: counts or readings in, frozen dataclasses out.

    intervals   shares, differences and weighted sums of shares (Wilson, Newcombe, MOVER)
    agreement   two readers or more on the same cases: raw agreement, kappa, Krippendorff's alpha
    reliance    do people follow the model where it is wrong, and overrule it where it is right
    reviewers   the same for each reviewer, with what may be said of one person and what may not
    forecast    how many cases of a queue will breach in the next hours, by simulation

Every figure is an `Estimate`: a value, what it lies between, how many it was counted on, and a status that says whether
it may be shown. Nothing is NaN and nothing raises for want of data; counts that contradict each other raise
`EvaluationFailed`. `intervals` and `reliance` need the standard library alone.
"""
