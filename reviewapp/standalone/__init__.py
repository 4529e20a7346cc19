"""The whole of Countersign on one machine with one command: embedded PostgreSQL and Valkey, web, sockets, workers and beat.

`entry.main` is called by manage.py before Django reads its settings, since it makes the settings: secrets, DATABASE_URL, REDIS_URL.
No module of this room imports Django; what needs Django runs as a process of its own.

    entry       options -> environment -> stack
    stack       the order of things: folder, servers, migrations, seeding, web and workers, watching, stopping
    datadir     the data folder: one stack at a time, what may be deleted, the generated secrets (datafiles: its names)
    beside      lets commands of manage.py run beside the stack
    postgres    finds PostgreSQL's programs, makes the cluster, says how to start it; valkey the same (servers: both started)
    processes   what the stack's own programs are called and how each is started
    supervisor  starts, watches and restarts processes; knows no program
    reaper      a separate program that stops everything when the supervisor is gone, also after kill -9
    watchdog    asks the Celery workers whether they still answer
    ports       free ports and refused ones

States of a supervised process: starting -> running -> (exited -> starting)* -> stopped.
Everything that can go wrong at a start is a `CannotStart`: one sentence for the person at the terminal, saying what to do.
"""
