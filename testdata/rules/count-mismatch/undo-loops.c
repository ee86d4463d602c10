// Undo loops that begin one step too late or too early.
#include <linux/mm.h>

int check(struct page *page);

/* The page of the failing turn was never obtained. */
int undo_includes_failed_bad(unsigned long start, int n)
{
	struct page *pages[16];
	int i;

	for (i = 0; i < n && i < 16; i++) {
		if (pin_user_pages_fast(start + i * PAGE_SIZE, 1, 0, &pages[i]) != 1)
			goto undo;
	}
	unpin_user_pages(pages, i);
	return 0;

undo:
	for (; i >= 0; i--)
		// fixme-extra: unowned-put the same mistake where the very first turn fails: events of one release are not joined over paths
		unpin_user_page(pages[i]); // expect: count-mismatch
	return -EFAULT;
}

int undo_excludes_failed_ok(unsigned long start, int n)
{
	struct page *pages[16];
	int i;

	for (i = 0; i < n && i < 16; i++) {
		if (pin_user_pages_fast(start + i * PAGE_SIZE, 1, 0, &pages[i]) != 1) // balanced
			goto undo;
	}
	unpin_user_pages(pages, i);
	return 0;

undo:
	for (i--; i >= 0; i--)
		unpin_user_page(pages[i]);
	return -EFAULT;
}
