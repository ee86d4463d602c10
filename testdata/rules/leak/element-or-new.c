// A list is an element of an array or, where there is none, a new object that others get to know.
#include <linux/mm.h>
#include <linux/slab.h>

struct plist {
	struct page **pages;
	int nr;
};

struct owner {
	struct plist *array;
	struct plist *others[16];
};

static struct plist *find_list(struct owner *o, unsigned int id)
{
	if (o->array && id < 64)
		return &o->array[id];
	return o->others[id & 15];
}

static void add_list(struct owner *o, struct plist *list, unsigned int id)
{
	if (id < 64)
		return;
	o->others[id & 15] = list;
}

int keep_in_list_ok(struct owner *o, unsigned int id, unsigned long start)
{
	struct plist *list;
	int got;

	if (id < 64 && !o->array)
		return -EINVAL;
	list = find_list(o, id);
	if (!list) {
		list = kzalloc(sizeof(*list), GFP_KERNEL);
		if (!list)
			return -ENOMEM;
	}
	list->pages = kcalloc(4, sizeof(*list->pages), GFP_KERNEL);
	if (!list->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, 4, 0, list->pages);
	if (got != 4) {
		if (got > 0)
			unpin_user_pages(list->pages, got);
		return -EFAULT;
	}
	list->nr = 4;
	add_list(o, list, id);
	return 0;
}

/* The array is made by a function that has a loop, and whose value matters all the same. */
static int make_array(struct owner *o)
{
	int i;

	o->array = kcalloc(64, sizeof(*o->array), GFP_KERNEL);
	if (!o->array)
		return -ENOMEM;
	for (i = 0; i < 64; i++)
		o->array[i].nr = 0;
	return 0;
}

int make_and_keep_in_list_ok(struct owner *o, unsigned int id, unsigned long start)
{
	struct plist *list;
	int got, ret;

	if (id < 64 && !o->array) {
		ret = make_array(o);
		if (ret)
			return ret;
	}
	list = find_list(o, id);
	if (!list) {
		list = kzalloc(sizeof(*list), GFP_KERNEL);
		if (!list)
			return -ENOMEM;
	}
	list->pages = kcalloc(4, sizeof(*list->pages), GFP_KERNEL);
	if (!list->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, 4, 0, list->pages);
	if (got != 4) {
		if (got > 0)
			unpin_user_pages(list->pages, got);
		return -EFAULT;
	}
	list->nr = 4;
	add_list(o, list, id);
	return 0; // fixme-extra: leak make_array() has a loop, so it is not executed, and that o->array is not NULL afterwards is not known
}
