"""Addresses of the policies room."""

from django.urls import path

from reviewapp.policies import views

app_name = "policies"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/<slug:slug>/", views.policy, name="policy"),
    path("policies/<slug:slug>/publish", views.publish, name="publish"),
    path("policies/<slug:slug>/<int:number>/", views.policy, name="version"),
    path("predictions/<uuid:prediction_id>/routing/", views.routing, name="routing"),
]
