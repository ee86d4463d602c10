// What the pointers of `struct engine` lead to. Nothing here obtains pages: this file is read because functions in `f_start` are asked for.
#include "engine.h"

void chip_write(unsigned long addr);

static void chip_start(struct engine *engine, unsigned long addr)
{
	if (engine->nr)
		chip_write(addr);
}

static int chip_finish(struct engine *engine)
{
	int i;

	for (i = 0; i < engine->nr; i++)
		unpin_user_page(engine->pages[i]);
	engine->nr = 0;
	return 0;
}

void chip_init(struct engine *engine)
{
	engine->f_start = chip_start;
	engine->f_finish = chip_finish;
}
