// Loops whose turns differ: by a command that stays the same, by what the last turn left in a variable.
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/slab.h>

enum { TEST_GET, TEST_PIN };

int next_step(struct page *page);

static void drop_by_command(int command, struct page **pages, unsigned long n)
{
	unsigned long i;

	switch (command) {
	case TEST_GET:
		for (i = 0; i < n; i++)
			put_page(pages[i]);
		break;
	case TEST_PIN:
		unpin_user_pages(pages, n);
		break;
	}
}

/* Both commands never meet in one loop, nor does one's release see the other's pages. */
int by_command_ok(int command, unsigned long start, unsigned long n, struct page **pages)
{
	unsigned long done = 0;
	long got;

	while (done < n) {
		if (command == TEST_GET)
			got = get_user_pages_fast(start, n - done, 0, pages + done);
		else if (command == TEST_PIN)
			got = pin_user_pages_fast(start, n - done, 0, pages + done);
		else
			return -EINVAL;
		if (got <= 0)
			break;
		done += got;
	}
	drop_by_command(command, pages, done);
	return 0;
}

/* The cursor moves with the count, so the count says what lies behind it. */
int cursor_ok(unsigned long start, unsigned long n, struct page **pages)
{
	struct page **cursor = pages;
	unsigned long done = 0;
	long got;

	while (done < n) {
		got = pin_user_pages_fast(start, n - done, 0, cursor); // balanced
		if (got <= 0)
			break;
		done += got;
		cursor += got;
	}
	unpin_user_pages(pages, done);
	return 0;
}

int cursor_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	struct page **cursor = pages;
	unsigned long done = 0;
	long got;

	if (!pages)
		return -ENOMEM;
	while (done < n) {
		got = pin_user_pages_fast(start, n - done, 0, cursor);
		if (got <= 0) {
			kvfree(pages); // expect: leak
			return -EFAULT;
		}
		done += got;
		cursor += got;
	}
	unpin_user_pages(pages, done);
	kvfree(pages);
	return 0;
}

/* One turn's page is dropped by the next one, the last one's behind the loop. */
int handed_on_ok(unsigned long start, int n)
{
	struct page *kept = NULL, *page;
	int i;

	for (i = 0; i < n; i++) {
		if (pin_user_pages_fast(start + i * PAGE_SIZE, 1, 0, &page) != 1) // balanced
			break;
		if (kept)
			unpin_user_page(kept);
		kept = page;
	}
	if (kept)
		unpin_user_page(kept);
	return 0;
}

int handed_on_bad(unsigned long start, int n)
{
	struct page *kept = NULL, *page;
	int i;

	for (i = 0; i < n; i++) {
		if (pin_user_pages_fast(start + i * PAGE_SIZE, 1, 0, &page) != 1)
			break;
		if (kept)
			unpin_user_page(kept);
		kept = page;
		if (next_step(page) < 0)
			return -EIO; // expect: leak
	}
	if (kept)
		unpin_user_page(kept);
	return 0;
}
