// How many pages an iterator gives is said in bytes. Who does not look at these releases what was asked for.
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

struct shm {
	struct page **pages;
	size_t num_pages;
	size_t offset;
};

/* On the error path the number wanted. */
int release_wanted_bad(struct iov_iter *iter, size_t num_pages)
{
	struct page **pages = kcalloc(num_pages, sizeof(*pages), GFP_KERNEL);
	size_t off;
	ssize_t len;

	if (!pages)
		return -ENOMEM;
	len = iov_iter_extract_pages(iter, &pages, LONG_MAX, num_pages, 0, &off);
	if (len <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	if (iov_iter_extract_will_pin(iter))
		unpin_user_pages(pages, num_pages); // expect: count-mismatch
	kfree(pages);
	return 0;
}

/* What was obtained is compared with it first. */
int release_compared_ok(struct iov_iter *iter, size_t num_pages)
{
	struct page **pages = kcalloc(num_pages, sizeof(*pages), GFP_KERNEL);
	size_t off;
	ssize_t len;

	if (!pages)
		return -ENOMEM;
	len = iov_iter_extract_pages(iter, &pages, LONG_MAX, num_pages, 0, &off); // balanced
	if (len <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	if (iov_iter_extract_will_pin(iter)) {
		if (DIV_ROUND_UP(len + off, PAGE_SIZE) != num_pages) {
			unpin_user_pages(pages, DIV_ROUND_UP(len + off, PAGE_SIZE));
			kfree(pages);
			return -ENOMEM;
		}
		unpin_user_pages(pages, num_pages);
	}
	kfree(pages);
	return 0;
}

/* All bytes that were asked for are there: how many pages these are depends on where they begin, which the caller may know. */
int release_all_bytes_ok(struct iov_iter *iter, size_t num_pages, size_t bytes)
{
	struct page **pages = kcalloc(num_pages, sizeof(*pages), GFP_KERNEL);
	size_t off;
	ssize_t len;

	if (!pages)
		return -ENOMEM;
	len = iov_iter_extract_pages(iter, &pages, bytes, num_pages, 0, &off);
	if (len <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	if (iov_iter_extract_will_pin(iter)) {
		if (len != bytes) {
			unpin_user_pages(pages, DIV_ROUND_UP(len + off, PAGE_SIZE));
			kfree(pages);
			return -EIO;
		}
		unpin_user_pages(pages, num_pages);
	}
	kfree(pages);
	return 0;
}

/* At least all that are wanted. */
int release_enough_ok(struct iov_iter *iter, size_t num_pages, size_t bytes)
{
	struct page **pages = kcalloc(num_pages, sizeof(*pages), GFP_KERNEL);
	size_t off;
	ssize_t len;

	if (!pages)
		return -ENOMEM;
	len = iov_iter_extract_pages(iter, &pages, LONG_MAX, num_pages, 0, &off);
	if (len <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	if (iov_iter_extract_will_pin(iter)) {
		if (len < bytes) {
			unpin_user_pages(pages, DIV_ROUND_UP(len + off, PAGE_SIZE));
			kfree(pages);
			return -EIO;
		}
		unpin_user_pages(pages, num_pages);
	}
	kfree(pages);
	return 0;
}

/* Whether the last one is there says how many there are. */
int release_if_filled_ok(struct iov_iter *iter, size_t num_pages)
{
	struct page **pages = kcalloc(num_pages, sizeof(*pages), GFP_KERNEL);
	size_t off;
	ssize_t len;

	if (!pages)
		return -ENOMEM;
	len = iov_iter_extract_pages(iter, &pages, LONG_MAX, num_pages, 0, &off);
	if (len <= 0) {
		kfree(pages);
		return -EFAULT;
	}
	if (iov_iter_extract_will_pin(iter)) {
		if (!pages[num_pages - 1]) {
			unpin_user_pages(pages, DIV_ROUND_UP(len + off, PAGE_SIZE));
			kfree(pages);
			return -EIO;
		}
		unpin_user_pages(pages, num_pages);
	}
	kfree(pages);
	return 0;
}

/* The object keeps the number wanted, and the teardown believes it. */
struct shm *shm_register(struct iov_iter *iter, size_t num_pages)
{
	struct shm *shm = kzalloc(sizeof(*shm), GFP_KERNEL);
	ssize_t len;

	if (!shm)
		return NULL;
	shm->pages = kmalloc_array(num_pages, sizeof(*shm->pages), GFP_KERNEL);
	if (!shm->pages)
		goto free;
	len = iov_iter_extract_pages(iter, &shm->pages, LONG_MAX, num_pages, 0, &shm->offset); // expect: count-mismatch "shm.num_pages"
	if (len <= 0)
		goto free_pages;
	shm->num_pages = num_pages;
	return shm;
free_pages:
	kfree(shm->pages);
free:
	kfree(shm);
	return NULL;
}

void shm_unregister(struct shm *shm)
{
	unpin_user_pages(shm->pages, shm->num_pages);
	kfree(shm->pages);
	kfree(shm);
}
