#pragma once
#include <linux/dma-mapping.h>

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

int _dev_err(const struct device *dev, const char *format, ...);
#define dev_err(dev, ...) _dev_err(dev, __VA_ARGS__)
#define dev_dbg(dev, ...) _dev_err(dev, __VA_ARGS__)
