"""Models of XGBoost, LightGBM and CatBoost, packed where these are installed and served without."""
