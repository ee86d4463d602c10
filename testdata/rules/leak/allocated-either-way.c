// An object that is allocated in one of two ways is one object behind that, with what was written to it on either path.
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#define MAP_PINNED 1

struct map {
	unsigned int flags, nr, most;
	struct page *pages[16];
};

static struct map *map_alloc(unsigned int most)
{
	struct map *map = most > 4 ? vmalloc(sizeof(*map)) : kmalloc(sizeof(*map), GFP_KERNEL);

	if (map) {
		map->flags = 0;
		map->nr = 0;
		map->most = most;
	}
	return map;
}

static void map_free(struct map *map)
{
	unsigned int i;

	if (map->flags & MAP_PINNED)
		for (i = 0; i < map->nr; i++)
			unpin_user_page(map->pages[i]);
	kvfree(map);
}

int map_ok(struct iov_iter *iter, unsigned int most, unsigned int extra, bool wait, bool again)
{
	iov_iter_extraction_t flags = 0;
	struct map *map = map_alloc(most);
	struct page **pages;
	ssize_t bytes;
	size_t start;

	if (!map)
		return -ENOMEM;
	if (wait)
		flags |= 1;
	if (again)
		flags |= 2;
	if (extra)
		flags |= extra;
	if (iov_iter_extract_will_pin(iter))
		map->flags = MAP_PINNED;
	pages = map->pages;
	bytes = iov_iter_extract_pages(iter, &pages, 16 * PAGE_SIZE, 16, flags, &start); // balanced
	if (bytes > 0)
		map->nr = DIV_ROUND_UP(bytes + start, PAGE_SIZE);
	map_free(map);
	return 0;
}

int map_bad(struct iov_iter *iter, unsigned int most, unsigned int extra, bool wait, bool again)
{
	iov_iter_extraction_t flags = 0;
	struct map *map = map_alloc(most);
	struct page **pages;
	ssize_t bytes;
	size_t start;

	if (!map)
		return -ENOMEM;
	if (wait)
		flags |= 1;
	if (again)
		flags |= 2;
	if (extra)
		flags |= extra;
	pages = map->pages;
	bytes = iov_iter_extract_pages(iter, &pages, 16 * PAGE_SIZE, 16, flags, &start);
	if (bytes > 0)
		map->nr = DIV_ROUND_UP(bytes + start, PAGE_SIZE);
	map_free(map); // expect: leak
	return 0;
}
