"""Certification logs as data: what they say, what is wrong with them, and what their ACR hides.

`read` turns files into `CertificationLog`s and `lint` says what is wrong with them; `metrics` holds the survival curve
and its bands, `counts` what a rounded radius still tells, `transport` ACR at other budgets, `compare` and `crossings`
two logs side by side. `report` puts all of it into one object, `terminal` prints it and `export` writes it as JSON;
`write` is our own log format.
"""
