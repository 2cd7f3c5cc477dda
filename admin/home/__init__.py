"""The first page: who needs attention, how the portfolio stands, how fresh the data are, how far goals are."""
