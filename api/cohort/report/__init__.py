"""The report on a cohort's answers: counted with Polars, drawn with matplotlib, one page of HTML without script."""
