"""This tree against another commit, in turns within one run: how much slower has it become?

Both serve the same graphs from processes of their own, and are driven over HTTP alone, so that the
other commit may be of any age. Owns the checkout, what is measured, and the verdict.
"""
