// A flag beside the pages says how they were taken, and the release asks it.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

struct buffer {
	struct page **pages;
	int n_pages;
	bool is_pinned;
};

static int buffer_fill(struct buffer *buffer, unsigned long start, int n, bool longterm)
{
	int got;

	if (longterm)
		got = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, buffer->pages);
	else
		got = get_user_pages_fast(start, n, FOLL_WRITE, buffer->pages);
	buffer->is_pinned = longterm;
	buffer->n_pages = got > 0 ? got : 0;
	return got;
}

static void buffer_drain(struct buffer *buffer)
{
	int i;

	if (buffer->is_pinned) {
		unpin_user_pages(buffer->pages, buffer->n_pages);
		return;
	}
	for (i = 0; i < buffer->n_pages; i++)
		put_page(buffer->pages[i]);
}

int by_flag_ok(struct buffer *buffer, unsigned long start, int n, bool longterm)
{
	int ret = buffer_fill(buffer, start, n, longterm);

	buffer_drain(buffer);
	return ret < 0 ? ret : 0;
}

/* The senses are mixed up: both arms are wrong. */
int by_flag_bad(unsigned long addr, bool pin)
{
	struct page *page;
	int got;

	if (pin)
		got = pin_user_pages_fast(addr, 1, 0, &page);
	else
		got = get_user_pages_fast(addr, 1, 0, &page);
	if (got != 1)
		return -EFAULT;
	if (pin)
		put_page(page); // expect: wrong-put
	else
		unpin_user_page(page); // expect: wrong-put
	return 0;
}

/* Nobody asks the flag. */
int flag_forgotten_bad(unsigned long addr, unsigned int flags)
{
	struct page *page;
	int got;

	if (flags & 1)
		got = pin_user_pages_fast(addr, 1, 0, &page);
	else
		got = get_user_pages_fast(addr, 1, 0, &page);
	if (got != 1)
		return -EFAULT;
	put_page(page); // expect: wrong-put
	return 0;
}

int flag_bits_ok(unsigned long addr, unsigned int flags)
{
	struct page *page;
	int got;

	if (flags & 1)
		got = pin_user_pages_fast(addr, 1, 0, &page); // balanced
	else
		got = get_user_pages_fast(addr, 1, 0, &page); // balanced
	if (got != 1)
		return -EFAULT;
	if (flags & 1)
		unpin_user_page(page);
	else
		put_page(page);
	return 0;
}
