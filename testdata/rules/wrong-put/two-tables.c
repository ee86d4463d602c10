//@ clean
// Two tables in one array, of pages of different kinds: where one begins is not known.
#include <linux/mm.h>

struct message {
	struct page *pages[64];
};

int free_entry(const struct message *message, int n);

int second_replaced_ok(struct message *message, unsigned long addr, int n, int m)
{
	struct page **pinned = &message->pages[free_entry(message, m)];

	n = get_user_pages_fast(addr, n, 0, message->pages); // unresolved: could not be related
	if (n <= 0)
		return n;
	unpin_user_pages(pinned, m);
	release_pages(message->pages, n);
	return 0;
}
