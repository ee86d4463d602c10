//@ clean
// The caller's counter says how many pages lie in the caller's array already: one more than were obtained here is no mistake.
#include <linux/mm.h>
#include <linux/slab.h>

struct message {
	struct page *pages[16];
	unsigned int nr;
};

int add_pages_ok(struct message *msg, unsigned long start, unsigned long left)
{
	while (left) {
		unsigned int i;

		if (get_user_pages_fast(start, 1, 0, &msg->pages[msg->nr]) != 1) {
			for (i = 0; i < msg->nr; i++)
				put_page(msg->pages[i]);
			msg->nr = 0;
			return -EFAULT;
		}
		msg->nr++;
		start += PAGE_SIZE;
		left--;
	}
	return 0;
}
