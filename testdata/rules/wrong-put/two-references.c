//@ clean
// A page that is kept with two references: a release that fits one of them need not be of the other.
#include <linux/mm.h>
#include <linux/uio.h>

struct message {
	struct page *page[8];
	int nr;
};

int add_ok(struct message *message, struct iov_iter *iter)
{
	struct page *page, **pages = &page;
	size_t offset;
	ssize_t bytes = iov_iter_extract_pages(iter, &pages, PAGE_SIZE, 1, 0, &offset); // unresolved: left in struct message.page; no release out of it was found

	if (bytes <= 0)
		return -EFAULT;
	get_page(page);
	message->page[message->nr++] = page;
	return 0;
}

void drop_ok(struct message *message)
{
	int i;

	for (i = 0; i < message->nr; i++)
		put_page(message->page[i]);
}
