"""The Python API: what the commands do, as functions. `import harness` has them by name."""

FILES = {
    "studies": ("init", "check", "plan", "run", "report", "reproduce", "compare",
                "history"),
    "gates": ("gate", "predict", "load", "forget", "export", "approve", "baseline",
              "attempts", "watch"),
    "listings": ("list_suites", "list_methods", "doctor", "schema"),
}
NAMES = {name: f"{__name__}.{file}" for file, names in FILES.items() for name in names}
"""Each function's module. The stub beside `harness/__init__.py` says the same to type checkers."""
