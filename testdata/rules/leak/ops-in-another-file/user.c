// The engine has the pages, and functions of another file get the engine.
#include "engine.h"

int engine_run_ok(struct engine *engine, unsigned long start, int n)
{
	struct page **pages = engine->pages;
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages); // balanced

	if (got <= 0)
		return got;
	engine->nr = got;
	engine->f_start(engine, start);
	unpin_user_pages(pages, got);
	engine->nr = 0;
	return 0;
}

int engine_twice_bad(struct engine *engine, unsigned long start, int n)
{
	struct page **pages = engine->pages;
	int got = pin_user_pages_fast(start, n, FOLL_WRITE, pages);

	if (got <= 0)
		return got;
	engine->nr = got;
	engine->f_finish(engine);
	unpin_user_pages(pages, got); // expect: double-put
	return 0;
}
