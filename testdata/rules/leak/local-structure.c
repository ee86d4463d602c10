// A local structure is given to a function that changes some of its fields in a loop: the rest is what it was.
#include <linux/mm.h>
#include <linux/kernel.h>

struct batch {
	struct page *pages[16];
	unsigned int offset;
	int nr;
	int left;
};

static unsigned int copy_out(struct batch *batch, unsigned int total)
{
	unsigned int done = 0;

	while (done < total) {
		unsigned int bytes = min_t(unsigned int, total - done, PAGE_SIZE - batch->offset);

		batch->offset += bytes;
		if (batch->offset == PAGE_SIZE)
			batch->offset = 0;
		done += bytes;
	}
	return done;
}

/* The same, and it counts the pages that are left. */
static unsigned int copy_and_count(struct batch *batch, unsigned int total)
{
	unsigned int done = 0;

	while (done < total) {
		batch->offset += 512;
		if (batch->offset == PAGE_SIZE) {
			batch->offset = 0;
			batch->nr--;
		}
		done += 512;
	}
	return done;
}

int copy_ok(unsigned long start, int nr, unsigned int bytes)
{
	struct batch batch = { .offset = start & (PAGE_SIZE - 1) };
	int done = 0, i;

	while (done < nr) {
		batch.nr = get_user_pages_fast(start + done * PAGE_SIZE, min(nr - done, 16), FOLL_WRITE, batch.pages); // balanced
		if (batch.nr <= 0)
			break;
		copy_out(&batch, bytes);
		for (i = 0; i < batch.nr; i++) {
			set_page_dirty(batch.pages[i]);
			put_page(batch.pages[i]);
		}
		done += batch.nr;
	}
	return done;
}

int copy_bad(unsigned long start, int nr, unsigned int bytes)
{
	struct batch batch = { .offset = start & (PAGE_SIZE - 1) };
	int i;

	batch.nr = get_user_pages_fast(start, min(nr, 16), FOLL_WRITE, batch.pages);
	if (batch.nr <= 0)
		return -EFAULT;
	copy_out(&batch, bytes);
	for (i = 1; i < batch.nr; i++) {
		set_page_dirty(batch.pages[i]);
		put_page(batch.pages[i]);
	}
	return 0; // expect: count-mismatch "fewer pages are released"
}

/* What this one changes is not what it was: pages that are no longer counted stay. */
int count_bad(unsigned long start, int nr, unsigned int bytes)
{
	struct batch batch = { .offset = start & (PAGE_SIZE - 1) };
	int i;

	batch.nr = get_user_pages_fast(start, min(nr, 16), FOLL_WRITE, batch.pages);
	if (batch.nr <= 0)
		return -EFAULT;
	copy_and_count(&batch, bytes);
	for (i = 0; i < batch.nr; i++) {
		set_page_dirty(batch.pages[i]);
		put_page(batch.pages[i]);
	}
	return 0; // expect: leak
}
