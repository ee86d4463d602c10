// Pages that lie, for a while, where the elements of another array will be.
#include <linux/fs.h>
#include <linux/slab.h>

struct piece {
	struct page *page;
	unsigned int length, offset;
};

struct vector {
	struct piece *pieces;
	unsigned short used, size;
};

/* Of the pages in the last half of the array some become elements of it; the rest is forgotten there. */
int fill_vector_bad(struct vector *vector, unsigned long start, unsigned int wanted)
{
	struct page **pages = (struct page **)(vector->pieces + vector->used) + (vector->size - vector->used);
	int i, got;

	got = pin_user_pages_fast(start, vector->size - vector->used, 0, pages); // expect: leak "nobody takes out of struct vector.pieces"
	if (got <= 0)
		return -EFAULT;
	if (wanted > got)
		return -EAGAIN;
	for (i = 0; i < got; i++)
		unpin_user_page(pages[i]);
	return 0;
}

unsigned int count_bytes(struct vector *vector)
{
	unsigned int bytes = 0, i;

	for (i = 0; i < vector->used; i++)
		bytes += vector->pieces[i].length;
	kfree(vector->pieces);
	return bytes;
}

struct part {
	struct page *page;
	unsigned int length, offset;
};

struct row {
	struct part *parts;
	unsigned short used, size;
};

int fill_row_ok(struct row *row, unsigned long start, unsigned int wanted)
{
	struct page **pages = (struct page **)(row->parts + row->used) + (row->size - row->used);
	int i, got;

	got = pin_user_pages_fast(start, row->size - row->used, 0, pages); // balanced
	if (got <= 0)
		return -EFAULT;
	for (i = 0; i < got; i++)
		unpin_user_page(pages[i]);
	return wanted > got ? -EAGAIN : 0;
}

/* The same, and a function that finds them there: a pool that is used both ways. */
struct slot {
	unsigned long first, second;
};

struct pool {
	struct slot *slots;
	unsigned int count;
};

int fill_pool_ok(struct pool *pool, unsigned long start, unsigned int count)
{
	int got = pin_user_pages_fast(start, count, 0, (struct page **)pool->slots); // unresolved: left in struct pool.slots

	if (got <= 0)
		return -EFAULT;
	pool->slots[count].first = got;
	pool->count = got;
	return 0;
}

unsigned long first_of_pool(struct pool *pool)
{
	return pool->slots[pool->count].first;
}

void use_pool(struct pool *pool, void (*use)(struct page **pages, unsigned int count))
{
	void *memory = pool->slots;
	struct page **pages = memory;

	use(pages, pool->count);
}
