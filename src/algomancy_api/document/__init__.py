"""Operations, and the OpenAPI document and the pages made from them.

`routers` imports `operation` to declare what it answers; the launcher imports the rest, which nothing else may.
Begin with `operation`, then `openapi`, which turns operations, models, the error table and `examples.json` into the
document.
"""
