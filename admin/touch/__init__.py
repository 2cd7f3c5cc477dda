"""Reports on what passes with customers: feedback, complaints, who serves whom, how good the data are."""
