"""moto, which serves the other operations, and corrections of what moto does differently."""
