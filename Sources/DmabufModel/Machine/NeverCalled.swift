// SPDX-License-Identifier: GPL-2.0-only

/// The body of a function that the compiler lets no code call: it has a result of every type.
package func neverCalled<Value>() -> Value {
  while true {}
}
