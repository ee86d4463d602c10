// Each turn looks up an object of its own, pins its pages if nobody did, and has a table made of them. Whoever holds the object drops them.
//@ clean
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct object {
	unsigned long addr;
	int nr;
	struct page **pages;
	struct sg_table *table;
};

struct entry {
	struct object *object;
};

struct request {
	unsigned int index;
};

struct batch {
	struct entry *entries;
	unsigned int nr;
};

static int object_pin(struct object *object)
{
	struct page **pages = kvmalloc_array(object->nr, sizeof(*pages), GFP_KERNEL);
	int pinned = 0, ret;

	if (!pages)
		return -ENOMEM;
	do {
		ret = pin_user_pages_fast(object->addr + pinned * PAGE_SIZE, object->nr - pinned, FOLL_WRITE, pages + pinned); // balanced
		if (ret < 0) {
			unpin_user_pages(pages, pinned);
			kvfree(pages);
			return ret;
		}
		pinned += ret;
	} while (pinned < object->nr);
	object->pages = pages;
	return 0;
}

static int object_map(struct object *object)
{
	struct sg_table *table;
	int ret;

	if (!object->pages) {
		ret = object_pin(object);
		if (ret)
			return ret;
	}
	if (object->table)
		return 0;
	table = kmalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	ret = sg_alloc_table_from_pages(table, object->pages, object->nr, 0, (unsigned long)object->nr << PAGE_SHIFT, GFP_KERNEL);
	if (ret) {
		kfree(table);
		return ret;
	}
	object->table = table;
	return 0;
}

int batch_map(struct batch *batch, struct request *requests, int nr)
{
	int i, ret;

	for (i = 0; i < nr; i++) {
		if (requests[i].index >= batch->nr)
			return -EINVAL;
		ret = object_map(batch->entries[requests[i].index].object);
		if (ret)
			return ret;
	}
	return 0;
}

int batch_submit(struct batch *batch, struct request *requests, int nr)
{
	int ret = object_pin(batch->entries[0].object);

	if (ret)
		return ret;
	return batch_map(batch, requests, nr);
}

void object_release_ok(struct object *object)
{
	if (object->table) {
		sg_free_table(object->table);
		kfree(object->table);
	}
	if (object->pages) {
		unpin_user_pages_dirty_lock(object->pages, object->nr, true);
		kvfree(object->pages);
	}
}
