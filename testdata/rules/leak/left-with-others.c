// Each turn of a loop leaves its references in an object of others: in an array whose address it stored there, or in a table that
// the object leads to. Nothing of that adds up in the loop.
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct area {
	struct list_head list;
	struct page **pages;
	struct sg_table *sgt;
	unsigned int npages;
	unsigned long dma;
};

struct client {
	struct list_head areas;
	struct area *known[8];
	int kinds[8];
	unsigned long addrs[8];
};

static unsigned long *area_get(struct client *client, unsigned long addr, unsigned int npages, struct area **found)
{
	struct sg_table *sgt;
	struct area *area;
	int ret;

	area = kzalloc(sizeof(*area), GFP_KERNEL);
	if (!area)
		return NULL;
	area->pages = kvmalloc_array(npages, sizeof(*area->pages), GFP_KERNEL);
	if (!area->pages)
		goto err_free;
	ret = pin_user_pages_fast(addr, npages, FOLL_LONGTERM, area->pages);
	if (ret != npages) {
		if (ret < 0)
			goto err_pages;
		npages = ret;
		goto err_unpin;
	}
	area->npages = npages;
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		goto err_unpin;
	if (sg_alloc_table_from_pages(sgt, area->pages, npages, 0, npages * PAGE_SIZE, GFP_KERNEL))
		goto err_sgt;
	area->sgt = sgt;
	list_add_tail(&area->list, &client->areas);
	*found = area;
	return &area->dma;
err_sgt:
	kfree(sgt);
err_unpin:
	unpin_user_pages(area->pages, npages);
err_pages:
	kvfree(area->pages);
err_free:
	kfree(area);
	return NULL;
}

void area_put_ok(struct area *area)
{
	unpin_user_pages(area->pages, area->npages);
	kvfree(area->pages);
	list_del(&area->list);
	sg_free_table(area->sgt);
	kfree(area->sgt);
	kfree(area);
}

int map_all_ok(struct client *client, int nr)
{
	unsigned long *dma;
	int i;

	for (i = 0; i < nr; i++) {
		dma = area_get(client, client->addrs[i], 4, &client->known[client->kinds[i]]);
		if (!dma)
			return -EFAULT;
		client->addrs[i] = *dma;
	}
	return 0;
}

struct object {
	struct page **pages;
	unsigned int npages;
	unsigned long addr;
};

struct job {
	struct object *objects[16];
	int nr;
};

static struct page **object_pages(struct object *object)
{
	struct page **pages;

	if (!object->pages) {
		pages = kvmalloc_array(object->npages, sizeof(*pages), GFP_KERNEL);
		if (!pages)
			return NULL;
		if (pin_user_pages_fast(object->addr, object->npages, 0, pages) != object->npages) {
			kvfree(pages); // expect: partial-leak
			return NULL;
		}
		object->pages = pages;
	}
	return object->pages;
}

int dump_all_ok(struct job *job, unsigned long *out)
{
	struct page **pages;
	int i, j;

	for (i = 0; i < job->nr; i++) {
		pages = object_pages(job->objects[i]);
		if (!pages)
			return -ENOMEM;
		for (j = 0; j < job->objects[i]->npages; j++)
			*out++ = page_to_pfn(*pages++);
	}
	return 0;
}

void object_drop_ok(struct object *object)
{
	if (!object->pages)
		return;
	unpin_user_pages(object->pages, object->npages);
	kvfree(object->pages);
	object->pages = NULL;
}
