"""What the filter must know beside the message: who writes to whom, and what they have agreed to.

The store is SQL (SQLite without set-up, PostgreSQL for several hosts); every file holds one noun of it:

    schema.py      the tables; migrations/ makes and changes them
    database.py    engines and transactions of both databases
    upgrade.py     making a store, bringing an old one forward, refusing a newer one
    settings.py    what holds for the whole store: alias domains, lengths, time zone, allowances
    addresses.py names.py      mail addresses and business names, checked and in one form
    sellers.py buyers.py aliases.py orders.py    who they are
    threads.py quotation.py    what buyers wrote, and what proves a reply to it
    quota.py       how many messages a seller may send a day
    archive.py     every message as it came and as it left, chained
    situation.py   a message's envelope and the store -> `Context`
    judging.py     the same, with a filter, to a decision that is archived, counted and logged
    log.py         the decision log; replay.py judges a decision again
    imports.py     sellers, buyers, orders, opt-outs from files
    commands.py    the command line

Importing goes up this list only, never down. Functions take a connection (`Store.read`, `Store.write`) and the time;
none looks at a clock of its own.
"""
