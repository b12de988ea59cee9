"""The Toutiao news app: users, followings, HTTP and a page. It is the first user of the engine in `core`."""
