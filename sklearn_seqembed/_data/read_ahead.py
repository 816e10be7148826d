"""Reading ahead on a thread."""

from concurrent.futures import ThreadPoolExecutor

_END = object()


def read_ahead(items):
    """Yield the items of an iterator, the next of which is made on a thread.

    Parameters
    ----------
    items : iterator
        Only the thread advances it. An error in it is raised where the item is
        expected.

    Yields
    ------
    item : object
        The same items in the same order.
    """
    items = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="seqembed-read-ahead") as executor:
        try:
            future = executor.submit(next, items, _END)
            while (item := future.result()) is not _END:
                future = executor.submit(next, items, _END)
                yield item
        finally:
            # After an error or Ctrl-C, files are closed on the thread that opened them.
            future.cancel()
            if hasattr(items, "close"):
                executor.submit(items.close)
