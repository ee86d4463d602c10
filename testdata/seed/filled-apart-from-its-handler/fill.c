// Case 5, the other file: pages go in here, far from the handler that drops them.
#include "segment.h"

int segment_add(struct segment *segment, struct page *page)
{
	if (bio_add_page(segment->bio, page, PAGE_SIZE, 0) != PAGE_SIZE)
		return -ENOSPC;
	segment->n_pages++;
	return 0;
}

int segment_write_user_ok(struct block_device *bdev, unsigned long addr)
{
	struct segment segment = { .n_pages = 0 };
	struct page *page;
	int ret = segment_open(&segment, bdev, true);

	if (ret)
		return ret;
	if (get_user_pages_fast(addr, 1, 0, &page) != 1) { // unresolved: handed to a completion that is not known here
		bio_put(segment.bio);
		return -EFAULT;
	}
	ret = segment_add(&segment, page);
	if (ret) {
		put_user_page(page);
		bio_put(segment.bio);
		return ret;
	}
	segment_submit(&segment);
	return 0;
}

/* Asks for the handler of the other kind. */
int segment_write_user_mistaken(struct block_device *bdev, unsigned long addr)
{
	struct segment segment = { .n_pages = 0 };
	struct page *page;
	int ret = segment_open(&segment, bdev, false);

	if (ret)
		return ret;
	if (get_user_pages_fast(addr, 1, 0, &page) != 1) { // unresolved: handed to a completion that is not known here
		bio_put(segment.bio);
		return -EFAULT;
	}
	ret = segment_add(&segment, page);
	if (ret) {
		put_user_page(page);
		bio_put(segment.bio);
		return ret;
	}
	segment_submit(&segment);
	return 0;
}

int segment_write_cached_ok(struct block_device *bdev, struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	struct segment segment = { .n_pages = 0 };
	int ret;

	if (!page)
		return -ENOENT;
	ret = segment_open(&segment, bdev, false);
	if (!ret)
		ret = segment_add(&segment, page);
	if (ret) {
		if (segment.bio)
			bio_put(segment.bio);
		put_page(page);
		return ret;
	}
	segment_submit(&segment);
	return 0;
}
