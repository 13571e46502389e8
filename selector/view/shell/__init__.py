"""The window around the pages: start, menus, banners, dialogs."""
