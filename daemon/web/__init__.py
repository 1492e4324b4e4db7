"""Pages for people: made here on the server, kept fresh by server-sent events, no build step.

How a page comes to be: ``site`` finds whoever asks, in which language, and renders a template
with what the page's ``load`` returns. ``static/nettingd.js`` fetches the main part again when the
event stream says that something was stored.

To add a page:

1. Write a module with a function that returns a ``Page`` (see ``netting``): its path, title,
   template, and ``load``, which returns the template's values. Reads go through ``Sources``.
2. Write its template. It is the main part only; the shell is ``shell.html``. What it says to
   people goes through ``say("...")`` or ``count("...")``, so that the catalogues know it; wrap what
   changes while one looks in ``<section id="..." data-live>``. No inline script or style.
3. Name the function in ``PAGES`` of ``site``, and the page's title, if it is to stand in the
   menu, in ``menu``. Put its path into ``docs/reference/http.md``.

Actions are questions (``questions``): a link to one opens in a dialog, says what will be done, and
posts to the same API as everybody else.
"""
