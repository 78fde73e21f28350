"""Client libraries as their makers publish them, run as a retailer would: pages, scripts, and what starts them."""
