"""Sets: one picture and all its companions, as one unit that is never taken apart.

The route of an operation::

    grouping   names -> sets                                     pure
    scan       a folder, or a tree of them, as sets              reads
    plan       what goes where, and what must be refused         pure
    draft      plans for move, copy, rename                      reads
    journal    what is under way, durably, in both folders       the document
    disk       every step that changes a disk                    the edge
    place      one file under its new name, its old one gone     acts, idempotent
    carry      lock, plan, journal, log, act                     the operation
    resume     what a crash interrupted, to its end              the operation
    trash      a set into the person's trash, as one thing       an operation more
    restore    what is in the trash, and back again              likewise
    rejoin     orphans to their renamed picture, by its hash     likewise
    check      what is not in order in a folder                  reads

At every instant each byte is under its old name, its new name or both, and a journal in one of the
two folders says so.
"""
