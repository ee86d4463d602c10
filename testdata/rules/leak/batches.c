// Long ranges are taken in batches; `pinned += ret` says how many there are so far.
#include <linux/mm.h>
#include <linux/slab.h>

void flush_dcache(struct page *page);
int map_batch(unsigned long pfn, long n);

long fill_ok(unsigned long start, unsigned long n, struct page **pages)
{
	unsigned long pinned = 0;
	long ret;

	while (pinned < n) {
		ret = pin_user_pages_fast(start + pinned * PAGE_SIZE, n - pinned, FOLL_WRITE, pages + pinned); // balanced
		if (ret <= 0)
			goto unpin;
		pinned += ret;
	}
	unpin_user_pages(pages, pinned);
	return 0;

unpin:
	unpin_user_pages(pages, pinned);
	return ret ? ret : -EFAULT;
}

/* Earlier batches are lost when a later one fails. */
long fill_bad(unsigned long start, unsigned long n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	unsigned long pinned = 0;
	long ret;

	if (!pages)
		return -ENOMEM;
	do {
		ret = pin_user_pages_fast(start + pinned * PAGE_SIZE, n - pinned, FOLL_WRITE, pages + pinned);
		if (ret < 0) {
			kvfree(pages); // expect: leak
			return ret;
		}
		pinned += ret;
	} while (pinned < n);
	unpin_user_pages(pages, pinned);
	kvfree(pages);
	return 0;
}

/* One window is used again and again; each batch is released before the next. */
long window_ok(unsigned long start, unsigned long n)
{
	struct page *pages[32];
	long got;

	while (n) {
		got = pin_user_pages(start, min(n, 32UL), 0, pages); // balanced
		if (got <= 0)
			return got ? got : -EFAULT;
		flush_dcache(pages[0]);
		unpin_user_pages(pages, got);
		start += got << PAGE_SHIFT;
		n -= got;
	}
	return 0;
}

/* ...unless its mapping fails. */
long window_bad(unsigned long start, unsigned long n)
{
	struct page *pages[32];
	long got;
	int ret;

	while (n) {
		got = pin_user_pages(start, min(n, 32UL), 0, pages);
		if (got <= 0)
			return got ? got : -EFAULT;
		ret = map_batch(page_to_pfn(pages[0]), got);
		if (ret)
			return ret; // expect: leak
		unpin_user_pages(pages, got);
		start += got << PAGE_SHIFT;
		n -= got;
	}
	return 0;
}

/* A batch is moved element by element; what was not moved yet is lost when a step fails. */
struct chunk {
	struct chunk *next;
	struct page *page;
};

static void drop_chunks(struct chunk *chunk)
{
	struct chunk *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		unpin_user_page(chunk->page);
		kfree(chunk);
	}
}

int spread_bad(unsigned long start, struct page **pages)
{
	struct chunk *chunks = NULL, *chunk;
	int i, got = pin_user_pages_fast(start, 16, FOLL_WRITE, pages);

	for (i = 0; i < got; i++) {
		chunk = kmalloc(sizeof(*chunk), GFP_KERNEL);
		if (!chunk) {
			drop_chunks(chunks);
			kvfree(pages); // expect: leak
			return -ENOMEM;
		}
		chunk->page = pages[i];
		chunk->next = chunks;
		chunks = chunk;
	}
	drop_chunks(chunks);
	kvfree(pages);
	return 0;
}
