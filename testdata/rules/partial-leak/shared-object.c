// The error path of the call that fills an object, with a right teardown elsewhere: the object is not registered yet.
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/slab.h>

struct shm {
	struct list_head node;
	struct page **pages;
	unsigned long n_pages;
};

static LIST_HEAD(all_shm);

static void shm_free(struct shm *shm)
{
	unpin_user_pages(shm->pages, shm->n_pages);
	kfree(shm->pages);
	kfree(shm);
}

struct shm *shm_register_bad(unsigned long start, unsigned long n)
{
	struct shm *shm = kzalloc(sizeof(*shm), GFP_KERNEL);
	long got;

	if (!shm)
		return ERR_PTR(-ENOMEM);
	shm->pages = kcalloc(n, sizeof(*shm->pages), GFP_KERNEL);
	if (!shm->pages) {
		kfree(shm);
		return ERR_PTR(-ENOMEM);
	}
	got = pin_user_pages(start, n, FOLL_WRITE | FOLL_LONGTERM, shm->pages);
	if (got != n) {
		kfree(shm->pages); // expect: partial-leak
		kfree(shm);
		return ERR_PTR(-ENOMEM);
	}
	shm->n_pages = n;
	list_add(&shm->node, &all_shm);
	return shm;
}

struct shm *shm_register_ok(unsigned long start, unsigned long n)
{
	struct shm *shm = kzalloc(sizeof(*shm), GFP_KERNEL);
	long got;

	if (!shm)
		return ERR_PTR(-ENOMEM);
	shm->pages = kcalloc(n, sizeof(*shm->pages), GFP_KERNEL);
	if (!shm->pages) {
		kfree(shm);
		return ERR_PTR(-ENOMEM);
	}
	got = pin_user_pages(start, n, FOLL_WRITE | FOLL_LONGTERM, shm->pages);
	shm->n_pages = max(got, 0L);
	if (got != n) {
		shm_free(shm);
		return ERR_PTR(got < 0 ? got : -ENOMEM);
	}
	list_add(&shm->node, &all_shm);
	return shm;
}

void shm_unregister_all(void)
{
	struct shm *shm, *next;

	list_for_each_entry_safe(shm, next, &all_shm, node) {
		list_del(&shm->node);
		shm_free(shm);
	}
}
