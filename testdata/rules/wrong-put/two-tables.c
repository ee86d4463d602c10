//@ clean
// Two tables in one array, of pages of different kinds: where one begins is not known.
#include <linux/mm.h>

struct message {
	struct page *pages[64];
	int nr_got, nr_pinned;
};

int free_entry(const struct message *message, int n);

int both_ok(struct message *message, unsigned long addr, int n, unsigned long other, int m)
{
	struct page **got = message->pages, **pinned = &message->pages[free_entry(message, m)];

	n = get_user_pages_fast(addr, n, 0, got); // unresolved: could not be related
	if (n <= 0)
		return n;
	m = pin_user_pages_fast(other, m, 0, pinned); // unresolved
	if (m > 0)
		unpin_user_pages(pinned, m);
	release_pages(got, n);
	return 0;
}
