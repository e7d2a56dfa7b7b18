"""
Real database servers for as long as one command runs.

`python -m tests.servers COMMAND …` starts PostgreSQL and MariaDB on this machine, each in a folder of its own, on a
free port of the loopback and for nobody else, tells the command where they are (`SELFHEAL_POSTGRESQL` and
`SELFHEAL_MARIADB`: URLs as SQLAlchemy takes them), and ends them by their ids. Debian's packages are installed.
"""
