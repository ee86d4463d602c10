// Pages are moved from an array that is filled again and again into objects of a list, made one by one, several pages each.
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

struct chunk {
	struct list_head list;
	int nr;
	struct page *pages[];
};

static void put_chunks(struct list_head *chunks)
{
	struct chunk *chunk, *next;
	int i;

	list_for_each_entry_safe(chunk, next, chunks, list) {
		for (i = 0; i < chunk->nr; i++)
			unpin_user_page(chunk->pages[i]);
		kfree(chunk);
	}
}

static int fill_ok(unsigned long addr, int nr, struct list_head *chunks)
{
	struct page *pages[64];
	struct chunk *chunk;
	int i, off, got = 0;

	INIT_LIST_HEAD(chunks);
	while (nr) {
		got = pin_user_pages_fast(addr, min(nr, 64), FOLL_WRITE, pages); // balanced
		if (got < 0)
			goto out;
		addr += got * PAGE_SIZE;
		nr -= got;
		off = 0;
		while (got) {
			chunk = kmalloc(struct_size(chunk, pages, min(got, 10)), GFP_KERNEL);
			if (!chunk) {
				unpin_user_pages(pages + off, got);
				got = -ENOMEM;
				goto out;
			}
			chunk->nr = min(got, 10);
			for (i = 0; i < chunk->nr; i++)
				chunk->pages[i] = pages[off + i];
			off += chunk->nr;
			got -= chunk->nr;
			list_add_tail(&chunk->list, chunks);
		}
	}
out:
	if (got < 0)
		put_chunks(chunks);
	return got;
}

/* Of the last batch, what is not in a chunk yet is forgotten. */
static int fill_bad(unsigned long addr, int nr, struct list_head *chunks)
{
	struct page *pages[64];
	struct chunk *chunk;
	int i, off, got = 0;

	INIT_LIST_HEAD(chunks);
	while (nr) {
		got = pin_user_pages_fast(addr, min(nr, 64), FOLL_WRITE, pages);
		if (got < 0)
			goto out;
		addr += got * PAGE_SIZE;
		nr -= got;
		off = 0;
		while (got) {
			chunk = kmalloc(struct_size(chunk, pages, min(got, 10)), GFP_KERNEL);
			if (!chunk) {
				got = -ENOMEM;
				goto out;
			}
			chunk->nr = min(got, 10);
			for (i = 0; i < chunk->nr; i++)
				chunk->pages[i] = pages[off + i];
			off += chunk->nr;
			got -= chunk->nr;
			list_add_tail(&chunk->list, chunks);
		}
	}
out:
	if (got < 0)
		put_chunks(chunks);
	return got; // expect: leak
}

int use(unsigned long addr, int nr, struct list_head *chunks)
{
	int ret = fill_ok(addr, nr, chunks);

	if (ret < 0)
		return ret;
	put_chunks(chunks);
	ret = fill_bad(addr, nr, chunks);
	if (ret < 0)
		return ret;
	put_chunks(chunks);
	return 0;
}
