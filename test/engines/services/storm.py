"""Calls that all fail, and are repeated as often as the budget of the page lets them: ratio, calls. Prints the retries."""

import sys

from retries import RetryBudget

budget = RetryBudget(float(sys.argv[1]), 0)
retries = 0
for _ in range(int(sys.argv[2])):
    budget.call()
    while budget.retry():
        retries += 1
print(retries)
