"""What the filter must know beside the message: who writes to whom, and what they have agreed to.

The store is SQL (SQLite without set-up, PostgreSQL for several hosts). Every file holds one noun of it:

    schema.py                  the tables; migrations/ makes and changes them
    database.py  upgrade.py    connections and transactions of both databases; making a store, refusing a newer one
    keys.py  fields.py  addresses.py  names.py      secrets; short texts, mail addresses and business names, checked
    settings.py  store.py      what holds for the whole store; the open store
    sellers.py  buyers.py  aliases.py  orders.py    who they are
    quotation.py  threads.py   what of a quotation was really written; what proves a reply
    quota.py                   how many messages a seller may send a day
    blobs.py  archive.py       the words of every message, and the chain of records about them
    situation.py               an envelope and the store -> `Context`, in three queries
    messages.py                messages as they come, are decided, are sent on and answered
    judging.py                 the whole way of a message: `preview` changes nothing, `judge` keeps and counts
    log.py  keep.py  logbook.py  replay.py    the decision log: written; its ground; read, verified, erased; judged again
    lists.py  evidence.py  erasing.py  doctor.py    what waits and what was sent; claims; erasing a buyer; a look over it
    rows.py  imports.py  checking.py  commands/     files into the store; `check --store`; the command line

Importing goes up this list only. Functions take a connection (`Store.read`, `Store.write`) and the time: none looks at a
clock of its own, so that every decision can be repeated.
"""
