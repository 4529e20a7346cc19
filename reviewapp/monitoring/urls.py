"""Addresses of what is to be expected. The pages belong to the board."""

from django.urls import path

from reviewapp.monitoring import api, views

app_name = "monitoring"
urlpatterns = [
    path("board/forecast/", views.forecast, name="forecast"),
    path("board/forecast/lines/", views.lines, name="lines"),
    path("board/forecast/<slug:slug>/shift/", views.shift, name="shift"),
]
api_urlpatterns = [
    path("forecasts", api.ForecastsView.as_view()),
    path("queues/<slug:slug>/shift", api.ShiftView.as_view()),
]
