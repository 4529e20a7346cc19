"""Small things every room may use: ids, errors, who is acting, canonical JSON, encryption, strict JSON, paging, the bell.

No models, no rules of the business. A helper enters here on its second user.
"""
