// Calls through pointers whose documentation says that they only look at the pages, whoever implements them.
#include <linux/mm.h>
#include <linux/slab.h>

struct tee_context;
struct tee_shm;

struct tee_driver_ops {
	int (*shm_register)(struct tee_context *ctx, struct tee_shm *shm, struct page **pages, size_t num_pages, unsigned long start);
};

int register_ok(const struct tee_driver_ops *ops, unsigned long addr, struct page **pages, int n)
{
	int ret, got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, pages); // balanced

	if (got <= 0)
		return got;
	ret = ops->shm_register(NULL, NULL, pages, got, addr);
	unpin_user_pages(pages, got);
	return ret;
}

int register_bad(const struct tee_driver_ops *ops, unsigned long addr, int n)
{
	struct page **pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	int ret, got;

	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, n, FOLL_LONGTERM, pages);
	if (got > 0) {
		ret = ops->shm_register(NULL, NULL, pages, got, addr);
		if (!ret)
			unpin_user_pages(pages, got);
	}
	kfree(pages); // expect: leak
	return 0;
}
