/* Signals that are watched. Their handlers are not the Go runtime's: Python's own are called as well. */
#ifndef IOMUX_SIGNALS_H
#define IOMUX_SIGNALS_H

#include <stdint.h>

/* iomux_signals_catch puts the handler in place of the one that there is, which it will call; signals that nobody handles are
   caught. It may be called again, and has to be where somebody else has installed a handler since. */
void iomux_signals_catch(int number);

/* iomux_signals_release puts back what there was. */
void iomux_signals_release(int number);

/* iomux_signals_wait returns when a signal has come, iomux_signals_take how often this one came since it was last asked. */
void iomux_signals_wait(void);
int64_t iomux_signals_take(int number);

#endif
