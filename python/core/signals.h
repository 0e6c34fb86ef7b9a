/* The signals that kqueues watch. Python's handlers stay in effect, without the Go runtime's. */
#ifndef IOMUX_SIGNALS_H
#define IOMUX_SIGNALS_H

#include <stdint.h>

/* iomux_signals_catch installs a handler that counts the signal and calls the previous handler. It
   must be called again after another handler was installed. */
void iomux_signals_catch(int number);

/* iomux_signals_release restores the previous handler, unless another one was installed since. */
void iomux_signals_release(int number);

/* iomux_signals_wait returns when a watched signal has arrived. */
void iomux_signals_wait(void);

/* iomux_signals_take returns how often the signal has arrived since its last call. */
int64_t iomux_signals_take(int number);

#endif
