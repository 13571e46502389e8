"""The dispatcher: gives queued jobs to workers, frames every attempt, follows the ledger.

actor      the Ray actor: its life, its loop, the frame around each attempt
crew       the workers: one for each slot of each node, started, adopted, replaced
reconcile  what start-up finds amiss between ledger and disk
"""

from fleet.dispatcher.actor import Dispatcher, Running

__all__ = ["Dispatcher", "Running"]
