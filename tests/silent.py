"""Who watches a study and hears of nothing but what should not be."""


class Silent:
    def started(self, run):
        pass

    def said(self, text):
        pass

    def warned(self, text):
        raise AssertionError(text)

    def ended(self, run, record):
        pass
