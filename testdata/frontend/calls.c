// How calls, their callees and their positions appear.
struct page;
struct device;

struct ops {
	int (*get_pages)(struct device *dev, struct page **pages, int n);
	void (*put)(struct page *page);
};

struct device {
	const struct ops *ops;
	void (*done[2])(struct device *dev);
};

int pin(struct page **pages, int n);
void put(struct page *page);
void die(const char *why) __attribute__((__noreturn__));
_Noreturn void stop(void);

#define call_ops(dev, op, ...) ((dev)->ops->op(__VA_ARGS__))
#define put_all(pages, n)                          \
	do {                                       \
		for (int i = 0; i < (n); i++)      \
			put((pages)[i]);           \
	} while (0)

static int through_field(struct device *dev, struct page **pages, int n)
{
	return dev->ops->get_pages(dev, pages,
				   n);
}

static int through_macro(struct device *dev, struct page **pages, int n)
{
	return call_ops(dev, get_pages, dev, pages, n);
}

static void through_array(struct device *dev, int which)
{
	dev->done[which](dev);
}

static int through_parameter(int (*get)(struct page **, int), struct page **pages)
{
	return get(pages, 1) + (*get)(pages, 2);
}

static void in_macro(struct page **pages)
{
	put_all(pages, pin(pages,
			   4));
}

static int never_back(int x)
{
	if (x == 1)
		die("one");
	if (x == 2)
		stop();
	if (x == 3)
		__builtin_unreachable();
	return x;
}

static int result_in_place(struct device *dev, struct page **pages)
{
	int n;
	long wide;

	n = pin(pages, 1);
	wide = pin(pages, 2);
	pin(pages, 3);
	return n + (int)wide;
}

int exported(struct device *dev)
{
	struct page *pages[4];
	int n = through_field(dev, pages, 4);

	through_macro(dev, pages, 4);
	through_array(dev, n);
	through_parameter(pin, pages);
	in_macro(pages);
	never_back(n);
	return result_in_place(dev, &pages[1]);
}
